# The libraries that Debian 12 ships; each is linked only by the folder that wraps it.
find_package(PkgConfig REQUIRED)
find_package(nng REQUIRED)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(LIBBSD REQUIRED IMPORTED_TARGET libbsd-overlay)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
