# What every target is compiled with: warnings as errors, hardening, and the sanitizers asked for.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Werror -Wformat=2 -Werror=format-security
                    -fstack-protector-strong -fno-plt)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Boost.Asio's coroutines and GCC 12's flow analysis disagree about uninitialised temporaries, and about the
  # recycled memory of coroutine frames.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized> $<$<COMPILE_LANGUAGE:CXX>:-fcoroutines>
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
  add_compile_options(-fstack-clash-protection -fcf-protection)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(ARBITRAGE_SANITIZE)
  add_compile_options(-fsanitize=${ARBITRAGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ARBITRAGE_SANITIZE})
  # ThreadSanitizer does not understand fences; Asio's only back up the mutexes around them.
  if(ARBITRAGE_SANITIZE MATCHES "thread")
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_compile_options(-Wno-tsan)
    endif()
  endif()
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
