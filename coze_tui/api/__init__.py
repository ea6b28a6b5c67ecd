"""The wire: requests to Coze and its responses, and nothing else."""
