"""Domains as words of the query, for search engines that have no parameter for them. Pure."""

from __future__ import annotations

from vivavoce.tools.web_search_port import WebQuestion


def with_site_words(question: WebQuestion) -> str:
    """The query with `site:` and `-site:` operators, as the large search engines read them."""
    words = [question.query]
    if question.allowed_domains:
        words.append(" OR ".join(f"site:{domain}" for domain in question.allowed_domains))
    words += [f"-site:{domain}" for domain in question.excluded_domains]
    return " ".join(words)
