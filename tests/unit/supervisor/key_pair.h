/* A self-signed certificate with its key, and the key of another one: made for the tests, of no use anywhere. */
#ifndef SY_TESTS_SUPERVISOR_KEY_PAIR_H
#define SY_TESTS_SUPERVISOR_KEY_PAIR_H

/* clang-format off */
#define TEST_KEY \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgH0zt62OuEcNE+mQv\n" \
	"VY46ef2ShkWHFRcbdz/Lnyv7qDGhRANCAAQUBR80TZ+RezvMNXAnZlO30iy30B7a\n" \
	"RhLmi23BRALbseKZd4VFeKPicc0BMtpgD9jGxp/DfaDxbmOQK6fnvHC4\n" \
	"-----END PRIVATE KEY-----\n"

#define TEST_CERT \
	"-----BEGIN CERTIFICATE-----\n" \
	"MIIBcDCCARWgAwIBAgIUPYzVxRl4HaGWq9PGp937JdIuv8cwCgYIKoZIzj0EAwIw\n" \
	"DDEKMAgGA1UEAwwBdDAgFw0yNjExMjQxODE1MDVaGA8yMTI2MTAzMTE4MTUwNVow\n" \
	"DDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBQFHzRNn5F7\n" \
	"O8w1cCdmU7fSLLfQHtpGEuaLbcFEAtux4pl3hUV4o+JxzQEy2mAP2MbGn8N9oPFu\n" \
	"Y5Arp+e8cLijUzBRMB0GA1UdDgQWBBQRdtXd5HW7F/yRRjzMk9erWzYjxTAfBgNV\n" \
	"HSMEGDAWgBQRdtXd5HW7F/yRRjzMk9erWzYjxTAPBgNVHRMBAf8EBTADAQH/MAoG\n" \
	"CCqGSM49BAMCA0kAMEYCIQDhXKT6/EKZtWHrJnvDak92jsuQIaY9KMDjdgBCcETv\n" \
	"ggIhAO/L4k2YhZaJ1OvC0xihjqPSzzpdk72R1jpAXWOZ4WVe\n" \
	"-----END CERTIFICATE-----\n"

#define OTHER_KEY \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHZ0qNbSW+qzqsOtx\n" \
	"nEQdqZJ/XihRoGDc4bnwaNvNQfihRANCAAQ8psU7XMxVhrei5QjNEswoev0Nx/Ez\n" \
	"f2NECedgadfG/NvCE1Dp6abAb50HFnSCnzhK+HunrkVSSy3RjSxD8ySp\n" \
	"-----END PRIVATE KEY-----\n"
/* clang-format on */

#endif
