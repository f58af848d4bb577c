"""The composition root: the only room that knows every other. It loads the engines and joins the parts."""
