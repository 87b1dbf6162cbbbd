"""Reports of scenarios: tables, picture, Parquet files and a page that works offline."""
