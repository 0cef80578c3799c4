"""Reports: figures that one SQL query makes of the records that somebody may see, over REST and on the screens."""
