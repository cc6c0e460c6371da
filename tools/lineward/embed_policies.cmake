# Writes the shipped policy files as a source, so that the binary needs no files:
#   lineward_embed_policies(OUT demo_policies.cc)
function(lineward_embed_policies out)
  file(GLOB policies CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/config/policies/*.yaml")
  list(SORT policies)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${policies})
  set(entries "")
  foreach(policy IN LISTS policies)
    get_filename_component(name "${policy}" NAME)
    file(READ "${policy}" content)
    string(APPEND entries "      {\"${name}\", R\"lineward(${content})lineward\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${out}" @ONLY CONTENT
"#include \"tools/lineward/demo_data.h\"

namespace lineward::cli {

std::vector<DemoFile> DemoPolicies() {
  return {
@entries@  };
}

}  // namespace lineward::cli
")
endfunction()
