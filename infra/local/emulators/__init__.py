"""Stand-ins for Google's and Supabase's services, all in one process on this machine."""
