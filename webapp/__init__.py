"""The page: the library as a map, its reports, and "whose song is this?"."""
