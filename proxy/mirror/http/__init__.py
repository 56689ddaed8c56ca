"""The mirror's own HTTP/1.1: connections, requests and answers. The parser is httptools."""
