"""The Whoosh engine. Nothing outside this folder imports whoosh."""
