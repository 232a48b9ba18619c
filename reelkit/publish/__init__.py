"""What happens to rendered segments: the finished film, and the places it is delivered to."""
