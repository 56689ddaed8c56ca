"""What runs leave for auditors: records that show when they were changed, and what was installed from where."""
