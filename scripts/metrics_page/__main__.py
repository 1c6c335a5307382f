"""`python -m scripts.metrics_page` writes docs/operations/metrics.md from the metrics and the alert rules."""

from scripts.metrics_page.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
