package b

import "github.com/rs/zerolog"
import fmt
