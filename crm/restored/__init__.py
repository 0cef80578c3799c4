"""A database that was restored, copied or failed over is recognised: old positions end, and nothing is sent twice."""
