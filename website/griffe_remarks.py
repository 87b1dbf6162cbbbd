"""A remark behind a field or a constant is its description: `gas: int  # of the whole batch`."""

import griffe


class Remarks(griffe.Extension):
    """Gives attributes without a docstring the comment on their last line."""

    def on_attribute(self, *, attr: griffe.Attribute, **kwargs: object) -> None:
        """Called for each attribute that was found."""
        if attr.docstring is None and attr.endlineno is not None and not attr.is_alias:
            line = attr.lines_collection[attr.filepath][attr.endlineno - 1]
            _, mark, remark = line.partition("  # ")
            if mark and not remark.startswith(("type:", "noqa", "fmt:")):
                attr.docstring = griffe.Docstring(remark, parent=attr, lineno=attr.endlineno)
