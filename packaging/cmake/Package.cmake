# Debian packages: cmake --preset package && cmake --build --preset package --target package
# syncerd_<version>_<arch>.deb, and its debug symbols apart as syncerd-dbgsym_<version>_<arch>.ddeb.
set(SY_DEB_REVISION 1 CACHE STRING "Debian revision of the package")
set(SY_DEB_MAINTAINER "syncerd packaging <packaging@syncerd.invalid>" CACHE STRING "Who answers for the package: name <address>")
set(SY_DEB_VERSION "" CACHE STRING "Version of the package; empty: the project's, with date and commit unless that is its release")

# A commit that is no release sorts before it: 0.1.0~git20261124101500.b0b0fa9-1 < 0.1.0-1.
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${PROJECT_SOURCE_DIR} log -1 --format=%ct.%h OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${GIT} -C ${PROJECT_SOURCE_DIR} tag --points-at HEAD OUTPUT_VARIABLE tags ERROR_QUIET)
endif()
if(commit MATCHES "^([0-9]+)\\.([0-9a-f]+)$")
  set(ENV{SOURCE_DATE_EPOCH} ${CMAKE_MATCH_1})
  set(SY_DEB_COMMIT_TEXT " at commit ${CMAKE_MATCH_2}")
  set(hash ${CMAKE_MATCH_2})
endif()
string(TIMESTAMP SY_DEB_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(CPACK_DEBIAN_PACKAGE_VERSION ${SY_DEB_VERSION})
if(NOT SY_DEB_VERSION)
  set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
  if(hash AND NOT tags MATCHES "(^|\n)v${PROJECT_VERSION}\n")
    string(TIMESTAMP stamp "%Y%m%d%H%M%S" UTC)
    string(APPEND CPACK_DEBIAN_PACKAGE_VERSION "~git${stamp}.${hash}")
  endif()
endif()
unset(ENV{SOURCE_DATE_EPOCH})
set(SY_DEB_VERSION ${CPACK_DEBIAN_PACKAGE_VERSION}-${SY_DEB_REVISION}) # for the changelog alone; the cache keeps what was asked for
configure_file(packaging/debian/changelog.in ${PROJECT_BINARY_DIR}/debian/changelog @ONLY)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME syncerd)
set(CPACK_PACKAGE_VENDOR syncerd)
set(CPACK_PACKAGE_CONTACT ${SY_DEB_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian/stage.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian/symbols.cmake)
set(CPACK_SY_CHANGELOG ${PROJECT_BINARY_DIR}/debian/changelog)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${SY_DEB_REVISION})
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps kcp API objects in step with one Kubernetes cluster") # no capital: Debian's custom
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "syncerd serves one Kubernetes cluster to the workspaces of a kcp control
plane: objects of the exported APIs are brought down into the cluster, and
their status is brought back up.
.
A supervisor finds the workspaces that bound such an API and runs one isolated
worker process for each. syncerctl shows and controls it, and sets up kcp and
the cluster for it.")
# systemd-sysusers makes the user; the libraries are found by dpkg-shlibdeps.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# This also strips the programs; it must find them unstripped.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/postinst
  ${PROJECT_SOURCE_DIR}/packaging/debian/prerm
  ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
