"""Tables as people have them: LaTeX, Word, HTML, Markdown, CSV, Excel, plain text and fitted models, read as tables."""
