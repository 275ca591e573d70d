/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/un.h>

#include "base/sys.h"
#include "net/address.h"

int simul_address_unix(simul_address *address, const char *path)
{
    size_t n = path ? strlen(path) : 0;
    struct sockaddr_un *un = (struct sockaddr_un *)&address->socket;
    if (n == 0)
        return -EINVAL;
    if (n >= sizeof un->sun_path)
        return -ENAMETOOLONG;
    bool abstract = path[0] == '@'; /* its length counts, and no end */
    memset(address, 0, sizeof *address);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, n);
    if (abstract)
        un->sun_path[0] = '\0';
    address->length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
    return 0;
}
