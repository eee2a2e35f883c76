"""The page that the API serves at `/`: plain HTML, CSS and ES modules, without a build step."""
