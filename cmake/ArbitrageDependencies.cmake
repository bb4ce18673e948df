# Every third-party package the project links, found once. Where each may be used is written in
# docs/architecture.md; how each is installed in packages.txt.
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json filesystem url)
find_package(OpenSSL 3 REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 REQUIRED)

# yaml-cpp 0.7 calls its target yaml-cpp, 0.8 yaml-cpp::yaml-cpp.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
add_library(arbitrage_xxhash INTERFACE)
target_include_directories(arbitrage_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_compile_definitions(arbitrage_xxhash INTERFACE XXH_INLINE_ALL)

find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)
add_library(arbitrage_valijson INTERFACE)
target_include_directories(arbitrage_valijson SYSTEM INTERFACE ${VALIJSON_INCLUDE_DIR})

# Debian's SOCI ships neither a CMake nor a pkg-config file.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_library(SOCI_CORE soci_core REQUIRED)
find_library(SOCI_POSTGRESQL soci_postgresql REQUIRED)
find_library(SOCI_SQLITE3 soci_sqlite3 REQUIRED)
add_library(arbitrage_soci INTERFACE)
target_include_directories(arbitrage_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR} ${SOCI_INCLUDE_DIR}/soci)
target_link_libraries(arbitrage_soci INTERFACE ${SOCI_CORE} dl)
