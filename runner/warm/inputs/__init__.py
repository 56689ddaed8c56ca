"""What teams have that names packages: locks, software bills of materials, lists. One file for each form."""
