"""Schema migrations, shipped inside the wheel."""
