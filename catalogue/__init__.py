"""What there is: departments, resources, items, links. Imports none of our other packages."""
