open(F, '>', 'f');
print F 'a' x 10;
close F;
open(F, '+<', 'f');
seek(F, 3, 0);
print F 'b';
seek(F, 0, 0);
print <F>, -s 'f';
opendir(D, '.');
print scalar(grep { /f/ } readdir D)
