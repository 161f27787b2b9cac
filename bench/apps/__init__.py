"""What ours is compared with, each run by gunicorn as a site of its own: `--pythonpath bench/apps bare`."""
