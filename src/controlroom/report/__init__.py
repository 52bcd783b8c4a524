"""THE PRINTER: models to HTML, SVG and text."""
