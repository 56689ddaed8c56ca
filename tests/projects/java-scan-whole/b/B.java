package b;

import a.A;
import com.google.gson.Gson;

class B {}
