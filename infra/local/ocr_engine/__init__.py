"""The OCR engine that stands behind the Document AI emulator.

A page's own text layer is taken where it can be trusted; where not, the page is drawn at 200 dpi
and read by Tesseract. `engine.read_page` reads one page; `pool.EnginePool` does so in child
processes, so that a file that crashes or stalls a parser costs one page and nothing else.
"""
