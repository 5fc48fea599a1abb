// The list of events: their times in the visitor's time zone too.

import { localTimes } from "./times.js";

localTimes();
