# Compiler and linker flags of every target, as one interface library: sy_flags.
add_library(sy_flags INTERFACE)
target_compile_definitions(sy_flags INTERFACE _GNU_SOURCE SY_VERSION="${PROJECT_VERSION}")
target_compile_options(sy_flags INTERFACE
  -Werror -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wcast-qual -Wpointer-arith -Wvla
  -Wwrite-strings -Wundef -fno-common -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
  target_compile_options(sy_flags INTERFACE -fcf-protection=full)
  # The start code of Debian 12's libc carries no CET notes, so the linker must be told. It is true of shadow stacks; landing pads (IBT) are
  # in all code of ours, but may not be claimed while that start code has none.
  target_link_options(sy_flags INTERFACE -Wl,-z,shstk)
endif()
target_link_options(sy_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(sy_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(SY_SANITIZE)
  target_compile_options(sy_flags INTERFACE -fsanitize=${SY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sy_flags INTERFACE -fsanitize=${SY_SANITIZE})
endif()
if(SY_FUZZ)
  target_compile_options(sy_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SY_COVERAGE)
  target_compile_options(sy_flags INTERFACE --coverage)
  target_link_options(sy_flags INTERFACE --coverage)
endif()
include(CheckPIESupported)
check_pie_supported()
