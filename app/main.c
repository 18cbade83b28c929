/* The tour starts here: main -> commands.c (which subcommand) -> cmd_NAME.c (what it does). */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, ""); /* only characters: numbers are always written with a point */
	return subcommands_main(argc, argv);
}
