require("@sample/core")
