#pragma once

// docs/errors.md as the page behind `/docs/errors#<REASON>`, where the problem documents lead.

#include <string>
#include <string_view>

namespace lineward::http {

// docs/errors.md as it was when this binary was built.
std::string_view ErrorsDocument();

// HTML of the part of Markdown that docs/errors.md uses: headings (each with its text as anchor),
// paragraphs, list items, code, bold. All else is shown as it stands, nothing is taken as HTML.
std::string HtmlOf(std::string_view markdown);

}  // namespace lineward::http
