package inner

import _ "example.test/b/sub"
