"""Learn labels from features, evaluate honestly, report."""
