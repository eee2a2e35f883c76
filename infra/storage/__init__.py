"""Objects: documents and chunk PDFs in Cloud Storage, results in Supabase Storage."""
