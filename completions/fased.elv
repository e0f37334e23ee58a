# Completion of fased for Elvish, by asking the program what fits.

use str

set edit:completion:arg-completer[fased] = {|@words|
  var lines = []
  try {
    set lines = [(e:fased __complete (to-string (- (count $words) 1)) $@words 2>/dev/null | from-lines)]
  } catch _ { }
  for line $lines {
    var value about = (str:split &max=2 "\t" $line)
    var display = $value
    if (not-eq $about '') {
      set display = $value' ('$about')'
    }
    var suffix = ' '
    if (str:has-suffix $value /) {
      set suffix = ''
    }
    edit:complex-candidate $value &display=$display &code-suffix=$suffix
  }
}
