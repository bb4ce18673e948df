# Builds the template project outside the tree, as a stranger would: against an installed SDK, with nothing else.
#   cmake -DBUILD=<build folder> -DWORK=<scratch folder> -DLAUNCHER=<ccache or nothing> -DDOCS=<docs> -P template_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/sdk)
file(COPY ${WORK}/sdk/share/arbitrage/template/ DESTINATION ${WORK}/project)
run(${CMAKE_COMMAND} -S ${WORK}/project -B ${WORK}/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/sdk
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wconversion -Wshadow -Werror")
run(${CMAKE_COMMAND} --build ${WORK}/build)

foreach(source sink venue)
  file(READ ${WORK}/project/${source}.cpp text)
  string(REGEX MATCHALL "\n" newlines "${text}")
  list(LENGTH newlines count)
  if(count GREATER 40)
    message(FATAL_ERROR "${source}.cpp has ${count} lines: the smallest complete plugin takes at most 40")
  endif()
endforeach()

# docs/writing_a_plugin.md shows these files as they are.
file(READ ${DOCS}/writing_a_plugin.md page)
foreach(name CMakeLists.txt sink.cpp venue.cpp)
  file(READ ${WORK}/project/${name} text)
  string(FIND "${page}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "docs/writing_a_plugin.md does not show ${name} as it is")
  endif()
endforeach()
