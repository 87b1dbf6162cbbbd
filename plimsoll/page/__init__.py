"""What pages are made of: modules for the browser and their colours, in `static`."""
