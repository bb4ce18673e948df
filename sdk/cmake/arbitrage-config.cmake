# find_package(arbitrage): the target arbitrage::sdk and the function arbitrage_add_plugin().
include(CMakeFindDependencyMacro)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_dependency(Boost 1.81 COMPONENTS json)
include(${CMAKE_CURRENT_LIST_DIR}/arbitrage-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ArbitragePlugin.cmake)
