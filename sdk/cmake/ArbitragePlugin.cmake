# arbitrage_add_plugin(ID source... [LINK library...])
#
# Builds ID.so: a loadable module that exports exactly one symbol, `arb_plugin_entry`, and links the
# SDK. Hidden visibility alone leaks template instances of header-only libraries; the version script
# does not. It lands in ARBITRAGE_PLUGIN_OUTPUT_DIRECTORY, if that is set; what lands in
# lib/arbitrage/plugins of the build folder is installed, and is what the target `plugins` builds.
set(ARBITRAGE_PLUGIN_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/plugin.version)

function(arbitrage_add_plugin id)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "" "LINK")
  add_library(${id} MODULE ${plugin_UNPARSED_ARGUMENTS})
  target_link_libraries(${id} PRIVATE arbitrage::sdk ${plugin_LINK})
  target_link_options(${id} PRIVATE -Wl,--version-script=${ARBITRAGE_PLUGIN_VERSION_SCRIPT})
  if(NOT ARBITRAGE_SANITIZE)
    target_link_options(${id} PRIVATE -Wl,-z,defs)
  endif()
  set_property(TARGET ${id} APPEND PROPERTY LINK_DEPENDS ${ARBITRAGE_PLUGIN_VERSION_SCRIPT})
  set_target_properties(${id} PROPERTIES PREFIX "" OUTPUT_NAME ${id} CXX_VISIBILITY_PRESET hidden
    C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(ARBITRAGE_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${id} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${ARBITRAGE_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  if(ARBITRAGE_PLUGIN_OUTPUT_DIRECTORY STREQUAL "${PROJECT_BINARY_DIR}/lib/arbitrage/plugins")
    if(NOT TARGET plugins)
      add_custom_target(plugins)
    endif()
    add_dependencies(plugins ${id})
    install(TARGETS ${id} LIBRARY DESTINATION lib/arbitrage/plugins COMPONENT program)
  endif()
endfunction()
