# Run by CPack after "pack": the package of the debug symbols is packed again with what CPack leaves out or gets wrong. Its md5sums name paths of the
# build, and it has neither changelog nor copyright: Debian's symbol packages borrow those of the package they belong to.
set(root ${CPACK_TEMPORARY_DIRECTORY}/symbols)

function(sy_do)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${root} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

foreach(package ${CPACK_PACKAGE_FILES})
  if(NOT package MATCHES "-dbgsym_[^/]*$")
    continue()
  endif()
  file(REMOVE_RECURSE ${root})
  file(MAKE_DIRECTORY ${root})
  sy_do(dpkg-deb --raw-extract ${package} .)
  file(MAKE_DIRECTORY ${root}/usr/share/doc)
  file(CREATE_LINK syncerd ${root}/usr/share/doc/syncerd-dbgsym SYMBOLIC)
  file(GLOB_RECURSE symbols RELATIVE ${root} ${root}/usr/*.debug)
  file(CHMOD_RECURSE ${root}/usr/lib/debug FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
    DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  file(CHMOD ${root}/usr ${root}/usr/share ${root}/usr/share/doc PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
  set(sums "")
  foreach(file ${symbols})
    file(MD5 ${root}/${file} sum)
    string(APPEND sums "${sum}  ${file}\n")
  endforeach()
  file(WRITE ${root}/DEBIAN/md5sums "${sums}")
  sy_do(dpkg-deb --root-owner-group -Zxz --build . ${package})
endforeach()
