"""`python -m scripts.settings_page` writes docs/settings.md from the settings classes of the services."""

from pathlib import Path

from scripts.settings_page.page import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
