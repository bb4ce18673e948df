#include "host/commands.hpp"

int main(int argc, char** argv) { return arb::host::run_program(argc, argv); }
