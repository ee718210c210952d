# Run by CPack between "install into the staging directory" and "pack": what Debian wants otherwise than `cmake --install` does it.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
set(doc ${root}/share/doc/syncerd)
set(here ${CMAKE_CURRENT_LIST_DIR})

function(sy_gzip)
  execute_process(COMMAND gzip -9n ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(GLOB pages ${root}/share/man/man*/*.[1578])
foreach(page ${pages}) # a link to a page becomes one to the compressed page
  if(IS_SYMLINK ${page})
    file(READ_SYMLINK ${page} target)
    file(CREATE_LINK ${target}.gz ${page}.gz SYMBOLIC)
    file(REMOVE ${page})
    list(REMOVE_ITEM pages ${page})
  endif()
endforeach()
sy_gzip(${pages})
# zsh looks for functions of packages here; site-functions belongs to the administrator.
file(MAKE_DIRECTORY ${root}/share/zsh/vendor-completions)
file(RENAME ${root}/share/zsh/site-functions/_syncerctl ${root}/share/zsh/vendor-completions/_syncerctl)
file(REMOVE_RECURSE ${root}/share/zsh/site-functions)
# The license stands in copyright, which names the copy that every Debian has.
file(REMOVE ${doc}/LICENSE)
file(COPY ${here}/copyright DESTINATION ${doc} FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(COPY ${CPACK_SY_CHANGELOG} DESTINATION ${doc} FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME ${doc}/changelog ${doc}/changelog.Debian)
sy_gzip(${doc}/changelog.Debian)
file(MAKE_DIRECTORY ${root}/share/lintian/overrides)
file(COPY ${here}/syncerd.lintian-overrides DESTINATION ${root}/share/lintian/overrides
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME ${root}/share/lintian/overrides/syncerd.lintian-overrides ${root}/share/lintian/overrides/syncerd)
