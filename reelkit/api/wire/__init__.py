"""What is sent: one module for each resource, field by field as the official clients declare it."""
