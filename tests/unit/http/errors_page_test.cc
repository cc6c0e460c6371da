#include "http/src/errors_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string BodyOf(std::string_view markdown) {
  const std::string html = HtmlOf(markdown);
  const size_t begin = html.find("<body>\n") + 7;
  return html.substr(begin, html.find("</body>") - begin);
}

TEST(ErrorsPage, AHeadingIsItsOwnAnchor) {
  EXPECT_EQ(BodyOf("## URI_TOO_LONG\n"), "<h2 id=\"URI_TOO_LONG\">URI_TOO_LONG</h2>\n");
}

TEST(ErrorsPage, ShowsParagraphsItemsCodeAndBold) {
  EXPECT_EQ(BodyOf("One\ntwo.\n\n* **Cause.** `a<b`\n* ``x `y` ``.\n"),
            "<p>One\ntwo.</p>\n<li><b>Cause.</b> <code>a&lt;b</code></li>\n"
            "<li><code>x `y`</code>.</li>\n");
}

TEST(ErrorsPage, TakesNothingAsHtmlAndUnpairedMarksAsTheyStand) {
  EXPECT_EQ(BodyOf("<script> & 2 * 3 ` **\n"), "<p>&lt;script&gt; &amp; 2 * 3 ` **</p>\n");
}

TEST(ErrorsPage, HasASectionForTheReasonsOfThisLib) {
  const std::string html = HtmlOf(ErrorsDocument());
  for (const std::string_view reason : {kNotYetVisible, kBodyTooLarge, kUriTooLong}) {
    EXPECT_THAT(html, HasSubstr("<h2 id=\"" + std::string(reason) + "\">"));
  }
  EXPECT_THAT(html, Not(HasSubstr("<h2 id=\"NOT_YET_VISIBEL\">")));
}

}  // namespace
}  // namespace lineward::http
