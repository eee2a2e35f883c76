-- Who may read the younger tables through Supabase's own interface: as in 0004.

REVOKE ALL ON bounding_boxes, pages, job_logs, credit_grants FROM PUBLIC, anon, authenticated;
REVOKE ALL ON SEQUENCE job_logs_id_seq FROM PUBLIC, anon, authenticated;
GRANT SELECT ON bounding_boxes, pages, job_logs TO authenticated;

CREATE POLICY owners_read ON job_logs FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));

-- Only the rows of the merge that counts: another's are on their way in or out.
CREATE POLICY owners_read ON pages FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM documents
             WHERE documents.id = document_id
               AND result_job = job_id AND result_attempt = attempt));
CREATE POLICY owners_read ON bounding_boxes FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM documents
             WHERE documents.id = document_id
               AND result_job = job_id AND result_attempt = attempt));
