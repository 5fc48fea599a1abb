"""What the scripts of the console's screens say, in English and marked for the catalogues."""
